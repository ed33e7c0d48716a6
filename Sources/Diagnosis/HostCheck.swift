import Launching

/// The hosts of a host file: those that let a job be started on them, and those that do not.
package struct HostCheck {
  let hosts: [RankHost]
  let answering: [RankHost]

  package init(hosts: [RankHost], answering: [RankHost]) {
    self.hosts = hosts
    self.answering = answering
  }

  package var findings: [Finding] {
    let missing = hosts.filter { !answering.contains($0) }
    let reached = answering.map { "\($0.name) (\($0.slots) slots)" }.joined(separator: ", ")
    return (answering.isEmpty ? [] : [.ok("hosts", reached)])
      + missing.map { host in
        .bad(
          "hosts", "no answer from \(host.name)",
          do: "let ssh in without a password: ssh -o BatchMode=yes \(host.name) true")
      }
  }
}
