variable "A" { default = "x" }
variable "L" { type = list(string) }
target "default" { args = { a = A, l = join(",", L) } }
