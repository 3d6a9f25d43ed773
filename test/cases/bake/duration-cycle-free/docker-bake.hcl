a = "x${b}"
b = "y"
target "default" { args = { v = a } }
