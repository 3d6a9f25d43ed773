target "app" {
  name = "app-${tgt}-${replace(version, ".", "-")}"
  matrix = {
    tgt = ["web", "cli"]
    version = ["1.0", "2.0"]
  }
  target = tgt
  args = { VERSION = version }
  tags = ["${tgt}:${version}"]
}
