import Foundation
import Launching

/// Two ranks under `mpirun`, started as `caravan run` starts them: whether they come up, find one another, and how fast
/// they talk.
struct TrialJob {
  let launcher: MPILauncher
  /// nil for this machine.
  let hosts: [RankHost]?
  let interface: String?
  /// The program, and what makes it print a `Trial` on standard error.
  let command: [String]
  let ownName: String
  let environment: [String: String]

  /// A job that has not begun to work in this time never will; the launcher ends it then.
  private static let patience = 20

  /// Runs it.
  func findings() -> [Finding] {
    var environment = environment
    environment["MPIEXEC_TIMEOUT"] = "\(Self.patience)"
    let places = hosts.map {
      $0.count == 1 ? [RankHost(name: $0[0].name, slots: 2)] : $0.prefix(2).map { RankHost(name: $0.name, slots: 1) }
    }
    let job = LaunchedJob(
      launcher: launcher, ranks: 2, hosts: places, interface: interface, command: command, environment: environment,
      ownName: ownName)
    let began = ContinuousClock.now
    do {
      let (code, text) = try job.runQuietly()
      let seconds = (ContinuousClock.now - began) / .seconds(1)
      guard code == 0, let trial = Trial(in: text) else { return [failed(code, text)] }
      return [.ok("2 ranks", String(format: "started, talked and ended in %.1f s", seconds))] + trial.findings
    } catch {
      return [.bad("2 ranks", "\(error)", do: "see docs/running.md")]
    }
  }

  private func failed(_ code: Int32, _ text: String) -> Finding {
    let own = text.split(separator: "\n").last { $0.hasPrefix("caravan: ") }.map {
      String($0.dropFirst("caravan: ".count))
    }
    let advice = "start it by hand to see all of what mpirun says: " + job(by: launcher)
    if code == 110 {
      return .bad(
        "2 ranks", "they did not come up in \(Self.patience) s", do: "name the network with --interface; \(advice)")
    }
    return .bad("2 ranks", own ?? "mpirun ended with exit code \(code)", do: advice)
  }

  private func job(by launcher: MPILauncher) -> String {
    "mpirun -n 2 \(hosts == nil ? "" : "--hostfile … ")--bind-to none \(command.joined(separator: " "))"
  }
}
