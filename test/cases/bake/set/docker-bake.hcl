group "default" { targets = ["a", "b"] }
target "a" {
  args = { X = "1" }
  tags = ["a:1"]
  output = ["type=docker"]
  secret = ["id=s,src=x"]
}
target "b" { platforms = ["linux/amd64"] }
