target "default" {
  args = {
    a = <<EOT
line1
  ${~ "x" ~}
  line3
EOT
    b = <<-EOT
      one
        two
      three ${"x"}
    EOT
    c = <<EOT
%{ for s in ["a", "b"] ~}
server ${s}
%{ endfor ~}
end
EOT
    d = <<-EOT
      %{ if true }
      yes
      %{ endif }

      after
    EOT
    e = <<EOT
$${x} "q" \n
EOT
    f = <<-EOT
    ${"v"}
      y
    EOT
    g = <<EOT
EOT
  }
}
