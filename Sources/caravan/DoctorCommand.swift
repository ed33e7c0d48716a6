import ArgumentParser
import Diagnosis
import Foundation
import Launching
import MPI
import Text

struct DoctorCommand: LaunchingCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Looks at what trainings need of this machine: Open MPI, cores, network, memory, speed.",
    discussion: """
      A line for each: ok; note, where something works and could work better; bad, where trainings would fail. Two ranks \
      are started under mpirun and exchange some data. The exit code is 1 where something is bad.

      caravan doctor
      caravan doctor --hostfile hosts --interface eth0
      """)

  @Option(
    help: ArgumentHelp(
      "Look for these hosts, too, and let ranks of two of them talk: node1 slots=4 a line.", valueName: "file"))
  var hostfile: String?

  @Option(
    help: ArgumentHelp("The network that joins the hosts, such as eth0 or 10.0.0.0/24.", valueName: "name|subnet"))
  var interface: String?

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let hosts = try hostfile.map { try RankHost.read(file: $0) }
    let doctor = Doctor(
      hosts: hosts, interface: interface,
      trialCommand: [ownExecutable, DoctorTrialCommand.configuration.commandName!, "--hang-timeout", "10s"])
    var findings: [Finding] = []
    doctor.look { finding in
      findings.append(finding)
      if json { return }
      print(line(of: finding))
      // Whoever watches sees each as it is found.
      fflush(nil)
    }
    if json { try printJSON(findings) }
    if findings.contains(where: { $0.grade == .bad }) { throw EndOfProcess(code: 1) }
  }

  private func line(of finding: Finding) -> String {
    let grade = finding.grade.rawValue, subject = finding.subject
    let begin =
      grade + String(repeating: " ", count: 6 - grade.count) + subject
      + String(repeating: " ", count: max(1, 13 - subject.count))
    return begin + printable(finding.text, limit: 400)
      + (finding.advice.map { "\n" + String(repeating: " ", count: 19) + "→ " + printable($0, limit: 400) } ?? "")
  }

  private func printJSON(_ findings: [Finding]) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(findings), as: UTF8.self))
  }
}

/// What the ranks do that `doctor` starts.
struct DoctorTrialCommand: GroupCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor-trial", abstract: "Exchanges some data between ranks, for caravan doctor.",
    shouldDisplay: false)

  @OptionGroup(title: "Machine") var machine: MachineOptions

  func run(_ group: any ProcessGroup) throws {
    let trial = try Trial.run(group)
    try group.together {
      guard group.rank == 0 else { return }
      StandardError.print(Trial.mark + String(decoding: try JSONEncoder().encode(trial), as: UTF8.self) + "\n")
    }
  }
}
