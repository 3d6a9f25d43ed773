target "default" {
  context = "./app/"
  dockerfile = "docker/Dockerfile"
  args = { VERSION = "1.0", DEBUG = true, LEVEL = 3 }
  tags = ["app:latest", "app:1.0", "app:latest", ""]
  target = "release"
}
