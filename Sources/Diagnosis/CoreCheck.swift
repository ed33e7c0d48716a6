import Foundation

/// The cores that a job here may have.
package struct CoreCheck {
  /// Of the machine.
  let online: Int
  /// That this process may run on.
  let own: Int
  /// Whether two hardware threads share a core.
  let hasSiblings: Bool
  /// Cores' worth of time that a container has; nil without a limit.
  let quota: Double?
  /// What a batch system says of the job, such as `SLURM_JOB_ID`; nil outside of one.
  let batchSystem: String?

  package init(online: Int, own: Int, hasSiblings: Bool, quota: Double?, batchSystem: String?) {
    self.online = online
    self.own = own
    self.hasSiblings = hasSiblings
    self.quota = quota
    self.batchSystem = batchSystem
  }

  /// Those of this machine.
  init(environment: [String: String]) {
    self.init(
      online: ProcessInfo.processInfo.processorCount, own: ProcessInfo.processInfo.activeProcessorCount,
      hasSiblings: SystemFile.text("/sys/devices/system/cpu/smt/active") == "1", quota: Self.quota(),
      batchSystem: ["SLURM_JOB_ID", "PBS_NODEFILE", "PE_HOSTFILE", "LSB_HOSTS"].first { environment[$0] != nil })
  }

  package var findings: [Finding] {
    var found = [cores]
    if let quota, quota < Double(own) {
      found.append(
        .note(
          "container", "its limit is the time of \(String(format: "%.1f", quota)) cores, of \(own) that are seen",
          do: "start no more than \(max(1, Int(quota))) ranks or threads here"))
    }
    if let batchSystem {
      found.append(.ok("batch job", "\(batchSystem) is set: mpirun asks the batch system for hosts"))
    }
    return found
  }

  private var cores: Finding {
    let what = hasSiblings ? "hardware threads, two a core" : "cores"
    if own < online {
      return .note(
        "cores", "\(own) of \(online) \(what) for this process",
        do: "start no more than \(own) ranks or threads, or look for what binds it (taskset, a batch job, a container)")
    }
    if hasSiblings {
      return .note(
        "cores", "\(online) \(what): two ranks on one core share its speed",
        do: "start \(online / 2) ranks or threads here; more bring little")
    }
    return .ok("cores", "\(online), all for this process")
  }

  /// The limit of the container's root, cgroup v2 or v1.
  private static func quota() -> Double? {
    if let words = SystemFile.text("/sys/fs/cgroup/cpu.max")?.split(separator: " "), words.count == 2 {
      guard let time = Double(words[0]), let period = Double(words[1]) else { return nil }
      return time / period
    }
    let folder = "/sys/fs/cgroup/cpu/cpu.cfs_"
    guard let time = SystemFile.text(folder + "quota_us").flatMap({ Double($0) }), time > 0,
      let period = SystemFile.text(folder + "period_us").flatMap({ Double($0) })
    else { return nil }
    return time / period
  }
}
