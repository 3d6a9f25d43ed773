group "default" { targets = ["a", "b", "c", "d"] }
target "a" { tags = ["a"] }
target "b" { output = ["type=image,name=b"] }
target "c" { output = ["type=docker"] }
target "d" { output = ["type=local,dest=out"] }
