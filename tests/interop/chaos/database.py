"""What servers that keep files in MongoDB (GridFS) have left there, as pymongo sees it."""

import datetime

import bson
import gridfs
import pymongo


class Database:
    """Where files are, by the same names as uploads.py's Disk."""

    def __init__(self, server):
        database = pymongo.MongoClient(server.options["mongodb"]["uri"])[server.options["mongodb"]["database"]]
        self.files, self.chunks, self.bucket = database.upload.files, database.upload.chunks, gridfs.GridFSBucket(database, "upload")
        self.known = set()

    def parts(self):
        """What chunks belong to that are no file's."""
        return set(self.chunks.distinct("files_id")) - set(self.files.distinct("_id"))

    def names(self):
        return {*self.files.distinct("filename"), *map(str, self.parts())}

    def incoming(self):
        fresh = self.parts() - self.known
        self.known |= fresh
        return len(fresh)

    def read(self, name):
        return self.bucket.open_download_stream_by_name(name).read()

    def age(self, there):
        """What nobody has is taken for left over when it is an hour old: makes it so, while no server runs."""
        now = datetime.datetime.now(datetime.UTC)
        before = bson.ObjectId.from_datetime(now - datetime.timedelta(hours=2)).binary[:4]
        for part in self.parts():
            for chunk in list(self.chunks.find({"files_id": part})):
                self.chunks.delete_one({"_id": chunk["_id"]})
                old = {key: bson.ObjectId(before + chunk[key].binary[4:]) for key in ("_id", "files_id")}
                self.chunks.insert_one(chunk | old)
        self.files.update_many({"filename": {"$nin": list(there)}}, {"$set": {"uploadDate": now - datetime.timedelta(hours=2)}})
