variable "TAG" { default = "two" }
target "default" {
  args = { B = "2" }
  platforms = ["linux/arm64"]
}
