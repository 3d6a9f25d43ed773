function "increment" {
  params = [number]
  result = number + 1
}
function "tag" {
  params = [name]
  variadic_params = more
  result = [for v in concat([name], more) : "${PREFIX}${v}:${increment(1)}"]
}
variable "PREFIX" { default = "p/" }
target "default" {
  tags = tag("a", "b", "c")
  args = { n = increment(increment(3)) }
}
