target "base" {
  cache-from = ["a", "b", "c"]
  cache-to = ["type=inline"]
  secret = ["id=a,src=1", "id=b,src=2"]
  ssh = ["default=/one", "k=/two"]
  attest = ["type=sbom", "type=provenance,mode=min"]
  output = ["type=docker"]
}
target "default" {
  inherits = ["base"]
  cache-from = ["b", "d", "a"]
  secret = ["id=a,env=X", "id=c,src=3"]
  ssh = ["default=/three"]
  attest = ["type=provenance,mode=max"]
}
