variable "versions" { default = ["3.20", "3.21"] }
variable "prod" { default = "true" }
target "default" {
  tags = flatten([for v in versions : ["app:${v}", "%{ if prod == "true" }prod-%{ endif }app:${replace(v, ".", "")}"]])
  labels = { for i, v in versions : "v${i}" => upper("v${v}") }
  args = {
    conf = <<-EOT
      %{ for v in versions ~}
      line ${v}
      %{ endfor ~}
    EOT
  }
}
