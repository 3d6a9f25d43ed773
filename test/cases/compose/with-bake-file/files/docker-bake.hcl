group "default" { targets = ["web", "extra"] }
target "web" {
  args = { B = "2" }
  tags = ["web:hcl"]
}
target "extra" { inherits = ["web"] }
