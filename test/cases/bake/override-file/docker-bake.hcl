variable "TAG" { default = "one" }
target "default" {
  tags = ["app:${TAG}"]
  args = { A = "1" }
  platforms = ["linux/amd64"]
}
