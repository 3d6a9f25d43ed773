group "app-all" { targets = ["app-a"] }
target "app-a" {}
target "app-b" {}
target "lib" {}
