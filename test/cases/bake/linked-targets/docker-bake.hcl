group "default" { targets = ["app"] }
target "base" {
  dockerfile = "base.Dockerfile"
  platforms = ["linux/amd64", "linux/arm64"]
  output = ["type=registry"]
  entitlements = ["network.host"]
}
target "app" {
  contexts = {
    base = "target:base"
    src = "../src"
    empty = ""
    alpine = "docker-image://alpine:3.20"
  }
  platforms = ["linux/amd64"]
}
