target "root" { args = { R = "root", O = "root" } }
target "left" {
  inherits = ["root"]
  args = { O = "left" }
}
target "right" { inherits = ["root"] }
target "default" { inherits = ["left", "right"] }
