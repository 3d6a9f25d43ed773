variable "LIST" {
  type = list(string)
  default = ["a"]
}
variable "NUMS" { type = set(number) }
variable "MAP" { type = map(string) }
variable "OBJ" {
  type = object({ name = string, ports = list(number) })
  default = { name = "x", ports = [1] }
}
variable "FLAG" {
  type = bool
  default = false
}
variable "COUNT" { default = 3 }
target "default" {
  args = {
    list = join("-", LIST)
    nums = jsonencode(NUMS)
    map = jsonencode(MAP)
    obj = "${OBJ.name}:${OBJ.ports[0]}"
    flag = FLAG ? "on" : "off"
    count = COUNT + 1
  }
}
