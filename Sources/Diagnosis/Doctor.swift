import Foundation
import Launching
import MPI

/// Looks at all that a training needs of this machine, and of others.
package struct Doctor {
  private let hosts: [RankHost]?
  private let interface: String?
  private let trialCommand: [String]
  private let environment: [String: String]

  /// - Parameters:
  ///   - hosts: that jobs are to run on; nil for this machine.
  ///   - interface: the network that joins them.
  ///   - trialCommand: the program and the arguments by which its ranks run a `Trial` and print it behind `Trial.mark`.
  package init(
    hosts: [RankHost]?, interface: String?, trialCommand: [String],
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    self.hosts = hosts
    self.interface = interface
    self.trialCommand = trialCommand
    self.environment = environment
  }

  /// Looks, in a few seconds; where hosts do not answer, in up to ten more.
  /// - Parameter show: is told what was found, one by one.
  package func look(_ show: (Finding) -> Void) {
    let (launcher, failure) = findLauncher()
    let launching = LauncherCheck(
      launcher: launcher, failure: failure, library: MPIRuntime.libraryVersion, isRoot: geteuid() == 0,
      environment: environment)
    launching.findings.forEach(show)
    CoreCheck(environment: environment).findings.forEach(show)
    HostNameCheck().findings.forEach(show)
    NetworkCheck().findings.forEach(show)
    LimitCheck().findings.forEach(show)
    ClockCheck().findings.forEach(show)
    // Before anything else computes here.
    ProductCheck.measure().findings.forEach(show)
    let answering = hosts.map { HostProbe(environment: environment, ownName: MPIRuntime.hostname).answering($0) }
    HostCheck(hosts: hosts ?? [], answering: answering ?? []).findings.forEach(show)
    guard let launcher, answering != [] else { return }
    TrialJob(
      launcher: launcher, hosts: answering, interface: interface, command: trialCommand, ownName: MPIRuntime.hostname,
      environment: environment
    ).findings().forEach(show)
  }

  private func findLauncher() -> (MPILauncher?, LaunchError?) {
    do throws(LaunchError) { return (try MPILauncher.find(environment: environment), nil) } catch {
      return (nil, error)
    }
  }
}
