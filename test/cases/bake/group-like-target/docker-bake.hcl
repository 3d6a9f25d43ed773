group "foo" { targets = ["foo", "image"] }
target "foo" { dockerfile = "bar" }
target "image" { output = ["type=docker"] }
