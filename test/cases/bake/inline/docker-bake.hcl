target "default" {
  dockerfile-inline = <<EOT
FROM alpine
RUN echo $${HOME} && echo %%{x} "<a&b>"
EOT
  labels = { a = "$${b}", "c<d" = "%%{e" }
}
