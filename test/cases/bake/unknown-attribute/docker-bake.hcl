target "default" {
  tags = ["a"]
  nonsense = true
}
