// An S3 store for the tests, with a bucket "uploads", for the key S3RVER with the secret S3RVER, on the loopback interface.
//
//   node --openssl-legacy-provider server.mjs DIRECTORY [PORT]
//
// Prints the port that it has chosen, unless one is given, and ends with its standard input. By the option lists have pages: their
// continuation tokens are made with DES.
import S3rver from "@20minutes/s3rver";

const [directory, port = "0"] = process.argv.slice(2);
const server = new S3rver({
  address: "127.0.0.1",
  port: Number(port),
  directory,
  silent: true,
  configureBuckets: [{ name: "uploads" }],
});
// s3rver checks signatures, but leaves out the slash behind a bucket ("/uploads/?list-type=2"), which is signed: so not of lists.
server.middleware.unshift((ctx, next) => {
  if (/^\/[^/]+\/$/.test(ctx.path)) ctx.app = Object.create(ctx.app, { allowMismatchedSignatures: { value: true } });
  return next();
});
console.log((await server.run()).port);
process.stdin.resume().on("end", () => process.exit());
