import Diagnosis
import Foundation
import Launching
import Tensors
import Testing

/// What each check says of machines that are not this one.
@Suite struct CheckTests {
  private func grades(_ findings: [Finding]) -> [Finding.Grade] { findings.map(\.grade) }

  private func launcher(
    _ version: String?, library: String = "Open MPI v4.1.4", isRoot: Bool = false, _ environment: [String: String] = [:]
  ) -> [Finding] {
    let launcher = version.map { MPILauncher(major: Int($0.prefix(1))!, version: $0) }
    return LauncherCheck(
      launcher: launcher, failure: launcher == nil ? .noLauncher : nil, library: library, isRoot: isRoot,
      environment: environment
    ).findings
  }

  @Test func launcherAndLibraryBelongTogether() {
    #expect(grades(launcher("4.1.4")) == [.ok, .ok, .ok])
    #expect(launcher("4.1.6")[0].grade == .note)
    #expect(launcher("5.0.1")[0].grade == .bad)
    #expect(launcher(nil)[0].grade == .bad)
    #expect(launcher("4.1.4", library: "MPICH Version: 4.1")[0].grade == .bad)
  }

  @Test func rootIsTold() {
    #expect(launcher("4.1.4", isRoot: true)[1].grade == .note)
    let allowed = ["OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"]
    #expect(launcher("4.1.4", isRoot: true, allowed)[1].grade == .ok)
    #expect(launcher("4.1.4", ["OMPI_MCA_btl": "tcp,self"])[2].text == "OMPI_MCA_btl=tcp,self")
  }

  @Test func coresAreCountedAsRanksMayUseThem() {
    func check(_ online: Int, own: Int, siblings: Bool = false, quota: Double? = nil) -> [Finding] {
      CoreCheck(online: online, own: own, hasSiblings: siblings, quota: quota, batchSystem: nil).findings
    }
    #expect(grades(check(8, own: 8)) == [.ok])
    #expect(grades(check(8, own: 2)) == [.note])
    #expect(check(8, own: 8, siblings: true)[0].advice?.contains("4 ranks") ?? false)
    #expect(check(8, own: 8, quota: 2.5)[1].advice?.contains("2 ranks") ?? false)
    #expect(grades(check(8, own: 8, quota: 8)) == [.ok])
  }

  @Test func bridgesOfContainersAreNoNetworks() {
    func check(_ names: [String]) -> Finding {
      NetworkCheck(interfaces: names.map { .init(name: $0, address: "10.0.0.1") }).findings[0]
    }
    #expect(check([]).grade == .ok && check(["eth0"]).grade == .ok && check(["docker0"]).grade == .ok)
    #expect(check(["eth0", "docker0"]).advice?.contains("--interface eth0") ?? false)
    #expect(check(["eth0", "ib0"]).grade == .note)
  }

  @Test func aNameThatIsNotFoundIsTold() {
    func check(_ isFound: Bool, _ seconds: Double) -> Finding {
      HostNameCheck(name: "node1", isFound: isFound, seconds: seconds).findings[0]
    }
    #expect(check(true, 0.01).grade == .ok)
    #expect(check(true, 5).text.contains("5.0 s to find node1"))
    #expect(check(false, 5).advice?.contains("/etc/hosts") ?? false)
  }

  @Test func wantIsTold() {
    var check = LimitCheck()
    (check.memory, check.disk, check.sharedMemory) = (8_000_000_000, 8_000_000_000, 1_000_000_000)
    (check.openFiles, check.addressSpace, check.lockedMemory, check.hasInfiniBand) = (1024, nil, 65536, false)
    #expect(grades(check.findings) == [.ok, .ok, .ok, .ok])
    check.hasInfiniBand = true
    #expect(grades(check.findings) == [.ok, .ok, .ok, .note])
    check.lockedMemory = nil
    (check.memory, check.sharedMemory, check.openFiles, check.addressSpace) = (
      100_000_000, 64_000_000, 64, 1_000_000_000
    )
    #expect(grades(check.findings) == [.bad, .ok, .note, .bad, .note])
    (check.memory, check.disk, check.sharedMemory) = (nil, nil, nil)
    #expect(grades(check.findings).prefix(3) == [.note, .note, .note])
  }

  @Test func slowAndOldCPUsAreTold() {
    func check(_ ofCPU: InstructionSet?, _ inUse: InstructionSet?, _ speed: Double) -> [Finding.Grade] {
      grades(
        ProductCheck(
          oneDNN: "2.6.3", instructionSet: "avx512_core", ofCPU: ofCPU, inUse: inUse, gigaflops: speed
        ).findings)
    }
    #expect(check(.avx512, .avx512, 200) == [.ok, .ok])
    #expect(check(.avx512, .avx2, 60) == [.note, .ok])
    #expect(check(nil, nil, 5) == [.note, .note])
  }

  @Test func clocksThatAreWrongAreTold() {
    #expect(ClockCheck(now: Date(timeIntervalSince1970: 0), source: "tsc").findings[0].grade == .note)
    #expect(ClockCheck(now: Date(timeIntervalSince1970: 2e9), source: "hpet").findings[0].grade == .note)
    #expect(ClockCheck(now: Date(timeIntervalSince1970: 2e9), source: nil).findings[0].grade == .ok)
  }

  @Test func hostsThatDoNotAnswerAreBad() {
    let hosts = ["a", "b"].map { RankHost(name: $0, slots: 2) }
    #expect(grades(HostCheck(hosts: hosts, answering: hosts).findings) == [.ok])
    #expect(grades(HostCheck(hosts: hosts, answering: [hosts[1]]).findings) == [.ok, .bad])
    #expect(HostCheck(hosts: hosts, answering: []).findings.count == 2)
    #expect(HostCheck(hosts: [], answering: []).findings.isEmpty)
  }

  @Test func aTrialIsReadFromWhatRanksSay() throws {
    var trial = Trial(
      ranks: 2, hosts: ["a", "a"], clocks: [1, 1], canReadPeers: [true, true], gigabytesPerSecond: 3,
      messageMicroseconds: 1)
    let text = "something else\n" + Trial.mark + String(decoding: try JSONEncoder().encode(trial), as: UTF8.self) + "\n"
    #expect(Trial(in: text) == trial)
    #expect(Trial(in: "nothing") == nil)
    #expect(grades(trial.findings) == [.ok, .ok])
    (trial.clocks, trial.canReadPeers, trial.gigabytesPerSecond) = ([0, 5], [true, false], 0.1)
    #expect(grades(trial.findings) == [.note, .note, .note])
  }
}
