group "default" { targets = ["all"] }
group "all" {
  description = "Everything"
  targets = ["web", "tools"]
}
group "tools" { targets = ["cli", "web"] }
target "web" { description = "The site" }
target "cli" { dockerfile = "cli.Dockerfile" }
target "unused" {}
