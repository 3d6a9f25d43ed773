target "default" {
  args = { ctx = BAKE_CMD_CONTEXT, has = BAKE_LOCAL_PLATFORM == "" ? "no" : "yes" }
  context = BAKE_CMD_CONTEXT
}
