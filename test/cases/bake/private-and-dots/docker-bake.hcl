target "_base" { args = { A = "1" } }
target "app_web" { inherits = ["_base"] }
