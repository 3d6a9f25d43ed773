target "foo" { dockerfile = "x" }
x = target.foo.dockerfile
target "default" { dockerfile = x }
