target "x" { tags = ["a"] }
target "default" {
  matrix = { dummy = [""] }
  tags = target.x.tags
}
