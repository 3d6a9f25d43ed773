variable "T" { default = null }
target "base" {
  target = "x"
  tags = ["t"]
  labels = { a = "b" }
}
target "default" {
  inherits = ["base"]
  target = T
  tags = null
  labels = null
  context = null
}
