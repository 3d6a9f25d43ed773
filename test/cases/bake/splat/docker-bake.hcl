variable "images" { default = [{ name = "a", tag = "1" }, { name = "b", tag = "2" }] }
target "default" {
  tags = formatlist("%s:%s", images[*].name, images.*.tag)
  platforms = distinct(concat(["linux/amd64"], [for p in ["linux/arm64", "linux/amd64"] : p]))
}
