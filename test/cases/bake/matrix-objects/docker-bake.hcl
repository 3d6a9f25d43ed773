variable "items" {
  default = [{ tgt = "one", version = "1" }, { tgt = "two", version = "2" }]
}
group "default" { targets = ["app"] }
target "_common" { args = { C = "c" } }
target "app" {
  inherits = ["_common"]
  matrix = { item = items }
  name = item.tgt
  dockerfile = "${item.tgt}.Dockerfile"
  args = { V = item.version }
}
