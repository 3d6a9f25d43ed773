target "a" { labels = { from = "hcl-${TAG}" } }
