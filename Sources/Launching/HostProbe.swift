import Foundation

/// Asks hosts whether a job could be started there, as `mpirun` would: by ssh, or what OMPI_MCA_plm_rsh_agent names,
/// with the options of OMPI_MCA_plm_rsh_args.
package struct HostProbe {
  private let environment: [String: String]
  private let ownName: String

  /// - Parameter ownName: this machine's name, which needs no asking.
  package init(environment: [String: String], ownName: String) {
    self.environment = environment
    self.ownName = ownName
  }

  /// A host that does not let itself be asked in this time has a job in no shorter one.
  private static let patience = Duration.seconds(8)

  /// Those of the hosts that answer, in their order.
  package func answering(_ hosts: [RankHost]) -> [RankHost] {
    let asked = hosts.map { host in
      (host, isOwn(host) ? nil : try? ChildProcess(command(for: host), environment: environment, output: false))
    }
    let deadline = ContinuousClock.now + Self.patience
    return asked.compactMap { host, child in
      guard let child else { return isOwn(host) ? host : nil }
      var code = child.end()
      while code == nil, ContinuousClock.now < deadline {
        usleep(20_000)
        code = child.end()
      }
      if code == nil {
        child.send(SIGKILL)
        var status: Int32 = 0
        waitpid(child.id, &status, 0)
      }
      return code == 0 ? host : nil
    }
  }

  private func isOwn(_ host: RankHost) -> Bool {
    let short = { (name: String) in name.split(separator: ".").first.map(String.init) ?? name }
    return ["localhost", "127.0.0.1"].contains(host.name) || short(host.name) == short(ownName)
  }

  private func command(for host: RankHost) -> [String] {
    let agent = words(environment["OMPI_MCA_plm_rsh_agent"] ?? "ssh")
    let isSSH = agent.first?.hasSuffix("ssh") ?? false
    return agent + words(environment["OMPI_MCA_plm_rsh_args"] ?? "")
      + (isSSH ? ["-n", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5"] : []) + [host.name, "true"]
  }

  private func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }
}
