target "default" {
  attest = ["type=provenance,mode=max", { type = "sbom", generator = "x" }, "type=provenance,disabled=true"]
  cache-from = ["user/app:cache", "type=local,src=path/to/cache", { type = "gha", scope = "a" }, "user/app:cache"]
  cache-to = ["type=inline", { type = "local", dest = "out" }]
  output = [{ type = "oci", dest = "../out.tar" }, "type=image,push=true", "./dir", "-"]
  secret = ["id=mysecret,src=/local/secret", { id = "mysecret2", env = "TOKEN" }, "type=env,id=t,src=TOKEN2", ""]
  ssh = ["default", { id = "key", paths = ["path/to/key"] }, "two=a,b"]
}
