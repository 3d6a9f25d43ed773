target "default" {
  tags = ["a"]
  cache-from = ["one"]
  cache-to = ["type=inline"]
  ssh = ["default"]
  attest = ["type=sbom"]
  annotations = ["a=b"]
  entitlements = ["network.host"]
}
