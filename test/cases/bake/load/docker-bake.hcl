group "default" { targets = ["a", "b", "c", "d", "e"] }
target "a" {}
target "b" { output = ["type=image,name=b"] }
target "c" { output = ["type=docker"] }
target "d" { output = ["type=local,dest=out"] }
target "e" { output = ["type=docker,dest=x.tar"] }
