target "x" {
  name = "y"
  matrix = {}
  dockerfile = "foo"
}
target "x" {
  name = "z"
  matrix = {}
  dockerfile = "bar"
}
