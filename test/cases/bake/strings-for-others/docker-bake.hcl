target "default" {
  no-cache = "true"
  tags = [1, true, 1.5]
  args = { list = jsonencode([1]), n = 1.50, e = "" }
  shm-size = 64
}
