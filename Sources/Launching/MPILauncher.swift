import Foundation

/// Open MPI's `mpirun`, and how it is told what it should have as its default.
package struct MPILauncher: Equatable, Sendable {
  /// 4 or 5: options changed their names.
  package let major: Int
  /// Such as `4.1.4`; empty where it was not asked.
  package let version: String

  package init(major: Int, version: String = "") {
    self.major = major
    self.version = version
  }

  /// The one in PATH.
  /// - Throws: `LaunchError`.
  package static func find(environment: [String: String]) throws(LaunchError) -> MPILauncher {
    let folders = (environment["PATH"] ?? "").split(separator: ":")
    guard folders.contains(where: { access("\($0)/mpirun", X_OK) == 0 }) else { throw .noLauncher }
    let output = FileManager.default.temporaryDirectory.appendingPathComponent("mpirun-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: output) }
    let child = try ChildProcess(
      ["sh", "-c", "exec mpirun --version >\"$0\" 2>&1", output.path], environment: environment, output: false)
    _ = child.readErrors()
    while child.end() == nil { usleep(5_000) }
    let text = (try? String(contentsOf: output, encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first.map(String.init) ?? ""
    guard line.contains("Open MPI") || line.contains("OpenRTE"),
      let version = line.split(separator: " ").first(where: { Int($0.prefix { $0 != "." }) != nil }),
      let major = Int(version.prefix { $0 != "." }), major == 4 || major == 5
    else { throw .unknownLauncher(line) }
    return MPILauncher(major: major, version: String(version))
  }

  /// The command line that starts a job.
  /// - Parameters:
  ///   - ranks: nil as many as there are slots, or as the batch system has given.
  ///   - hosts: nil for this machine, or what a batch system has given.
  ///   - interface: the network's name or subnet, for ranks and launcher; nil for all there are.
  ///   - isRoot: whether it is started as root, which Open MPI wants to be told.
  ///   - variables: names of environment variables that ranks on other hosts get, too, or `name=value`.
  ///   - command: the program and its arguments.
  package func arguments(
    ranks: Int?, hosts: [RankHost]?, interface: String?, isRoot: Bool, variables: [String], command: [String]
  ) -> [String] {
    // Open MPI 5 has no such option.
    var line = major == 4 ? ["mpirun", "--quiet"] : ["mpirun"]
    if let ranks { line += ["-n", "\(ranks)"] }
    if let hosts { line += ["--host", hosts.map { "\($0.name):\($0.slots)" }.joined(separator: ",")] }
    // Ranks fill one host, then the next. Left to itself Open MPI pins ranks to cores that they should share, and
    // refuses more ranks than it counts cores.
    line += major == 4 ? ["--map-by", "slot", "--oversubscribe"] : ["--map-by", "slot:OVERSUBSCRIBE"]
    line += ["--bind-to", "none"]
    if isRoot { line.append("--allow-run-as-root") }
    if let interface {
      line += ["--mca", "btl_tcp_if_include", interface]
      line += major == 4 ? ["--mca", "oob_tcp_if_include", interface] : ["--prtemca", "prte_if_include", interface]
    }
    // A host that is cut off is noticed within 15 s; by default it takes minutes.
    for (name, value) in [("time", 5), ("intvl", 2), ("probes", 3)] {
      line += [major == 4 ? "--mca" : "--prtemca", "oob_tcp_keepalive_\(name)", "\(value)"]
    }
    for variable in variables { line += ["-x", variable] }
    return line + command
  }
}
