target "base" {
  args = { A = "1", B = "2" }
  labels = { maintainer = "x" }
  tags = ["base:1"]
  platforms = ["linux/amd64", "linux/arm64"]
  cache-from = ["type=registry,ref=example.com/cache"]
  secret = ["id=token,src=./token"]
  no-cache-filter = ["build"]
  annotations = ["index:a=b"]
}
target "debug" {
  args = { DEBUG = "1" }
  tags = ["debug:1"]
  cache-from = ["example.com/other"]
  no-cache-filter = ["test"]
}
target "default" {
  inherits = ["base", "debug"]
  args = { B = null, C = "3" }
  annotations = ["c=d", "index:a=b"]
}
