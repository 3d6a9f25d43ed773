target "default" {
  network = "host"
  shm-size = "128m"
  ulimits = ["nofile=1024:1024", "nofile=1024:1024", "nproc=3"]
  extra-hosts = { myhost = "10.0.0.1", none = null }
  pull = true
  no-cache = false
  no-cache-filter = ["a", "a", "b"]
  entitlements = ["security.insecure", "network.host"]
  call = "check"
}
