-- Prosody for bench/compare.sh: the modules that Debian's prosody.cfg.lua enables, without its rate limits ("limits").
run_as_root = true
pidfile = "@DIR@/prosody.pid"
data_path = "@DIR@/data"

interfaces = { "127.0.0.1" }
local_interfaces = { "127.0.0.1" }
c2s_ports = { @PORT@ }
c2s_direct_tls_ports = { @TLS_PORT@ }
s2s_ports = { }
--http http_ports = { @HTTP_PORT@ }; http_interfaces = { "127.0.0.1" }; https_ports = { }
--http http_external_url = "http://localhost:@HTTP_PORT@/"
--http consider_websocket_secure = true

-- Who makes nodes: there only administrators may.
admins = { "bench0@localhost" }

modules_enabled = {
  "disco"; "roster"; "saslauth"; "tls";
  "blocklist"; "bookmarks"; "carbons"; "dialback"; "pep"; "private"; "smacks"; "vcard4"; "vcard_legacy";
  "csi_simple"; "invites"; "invites_adhoc"; "invites_register"; "ping"; "register"; "time"; "uptime"; "version";
  "admin_adhoc"; "posix";
--http   "websocket";
--archive   "mam";
}

-- The accounts of the bench are made by in-band registration, and it logs in without TLS too.
allow_registration = true
registration_invite_only = false
c2s_require_encryption = false

authentication = "internal_hashed"
storage = "internal"
--archive default_archive_policy = true
-- The default, incremental collector costs Prosody up to five times more CPU under this load.
gc = { mode = "generational" }

certificates = "@CERTS@"
c2s_direct_tls_ssl = { key = "@CERTS@/localhost.key"; certificate = "@CERTS@/localhost.crt" }

log = { warn = "@DIR@/prosody.log" }

VirtualHost "localhost"

-- As that file's example of rooms, without archives.
Component "conference.localhost" "muc"

Component "pubsub.localhost" "pubsub"

--http Component "upload.localhost" "http_file_share"
--http   http_host = "localhost"
--http   http_file_share_daily_quota = 10*1024*1024*1024
