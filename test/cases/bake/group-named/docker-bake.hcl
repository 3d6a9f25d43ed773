group "all" { targets = ["web", "cli"] }
target "web" {}
target "cli" {}
target "other" {}
