import Foundation
import TestSupport
import Testing

/// `doctor` on the machine that runs the tests, whatever that is.
@Suite(.serialized) struct DoctorCommandTests {
  private struct Finding: Decodable {
    let grade: String
    let subject: String
    let text: String
    let advice: String?
  }

  private func findings(_ arguments: [String] = [], _ environment: [String: String] = [:]) throws -> [Finding] {
    let outcome = try CaravanCommand.run(["doctor", "--json"] + arguments, environment: environment)
    let found = try JSONDecoder().decode([Finding].self, from: Data(outcome.stdout.utf8))
    #expect(outcome.status == (found.contains { $0.grade == "bad" } ? 1 : 0), "\(outcome.stdout)\(outcome.stderr)")
    return found
  }

  @Test func everythingIsLookedAtAndTwoRanksTalk() throws {
    let found = try findings()
    for subject in ["Open MPI", "user", "binding", "cores", "network", "memory", "disk", "computing", "speed", "clock"]
    {
      #expect(found.contains { $0.subject == subject }, "\(subject)")
    }
    for subject in ["Open MPI", "2 ranks"] {
      #expect(found.contains { $0.subject == subject && $0.grade == "ok" }, "\(found)")
    }
    #expect(found.contains { $0.subject == "exchange" && $0.text.contains("GB/s") })
    #expect(found.allSatisfy { ($0.grade == "ok") == ($0.advice == nil) })
  }

  @Test func aLineATime() throws {
    let outcome = try CaravanCommand.run(["doctor"])
    let lines = outcome.stdout.split(separator: "\n")
    #expect(lines.allSatisfy { $0.prefixMatch(of: #/(ok|note|bad) +\S| +→ /#) != nil }, "\(outcome.stdout)")
    #expect(outcome.stdout.contains("2 ranks"))
  }

  @Test func withoutALauncherOrAHostSomethingIsBad() throws {
    let noLauncher = try findings([], ["PATH": "/nowhere"])
    #expect(noLauncher.contains { $0.subject == "Open MPI" && $0.grade == "bad" && $0.text.contains("no mpirun") })
    let folder = try CaravanCommand.temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let hosts = folder + "/hosts"
    try "localhost slots=2\nnowhere.invalid slots=2\n".write(toFile: hosts, atomically: true, encoding: .utf8)
    let found = try findings(["--hostfile", hosts], ["OMPI_MCA_plm_rsh_agent": "/bin/false"])
    #expect(found.contains { $0.subject == "hosts" && $0.grade == "bad" && $0.text.contains("nowhere.invalid") })
    #expect(found.contains { $0.subject == "hosts" && $0.grade == "ok" && $0.text.contains("localhost") })
    #expect(found.contains { $0.subject == "2 ranks" && $0.grade == "ok" }, "\(found)")
    let missing = try CaravanCommand.run(["doctor", "--hostfile", folder + "/none"])
    #expect(missing.status == 1 && missing.stderr.split(separator: "\n").count == 1, "\(missing.stderr)")
  }
}
