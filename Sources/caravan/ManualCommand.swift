import ArgumentParser
import Foundation
import Storage

/// Writes the manual's pages; `scripts/install.sh` starts it.
struct ManualCommand: LeaderCommand {
  static let configuration = CommandConfiguration(
    commandName: "manual", abstract: "Writes man pages of all commands into a folder.", shouldDisplay: false)

  @Argument(help: ArgumentHelp("Where the pages go; it must be there.", valueName: "folder"))
  var folder: String

  func run() throws {
    for page in try ManualPages().files {
      try atomicWrite(Data(page.text.utf8), to: joined(folder, page.name))
    }
  }
}
