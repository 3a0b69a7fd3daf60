//! What each mutation changes, which decides what may speak for whoever asks for it. Each has a line here; one without is taken
//! to be of accounts, so that no API key may do what nobody has thought about.

use domain::access::Right::{self, Account, Messaging};
use domain::access::Viewer;

use super::document::{Kind, Operation};

/// All mutations, by the noun that they belong to.
const RIGHTS: &[(&str, Right)] = &[
    ("accountChangeEmail", Account),
    ("accountChangePassword", Account),
    ("accountCreate", Account),
    ("accountCreateWithWallet", Account),
    ("accountDeactivate", Account),
    ("accountDelete", Account),
    ("accountExport", Account),
    ("accountUpgrade", Account),
    ("accountVerifyEmail", Account),
    ("accountVerifyEmailSend", Account),
    ("apiKeyCreate", Account),
    ("apiKeyRevoke", Account),
    ("assistantRetry", Messaging),
    ("attachmentUploadCreate", Messaging),
    ("chirpCreate", Messaging),
    ("chirpDelete", Messaging),
    ("chirpUpdate", Messaging),
    ("deviceRemove", Account),
    ("deviceUpdate", Account),
    ("diaryEntryCreate", Account),
    ("diaryEntryDelete", Account),
    ("diaryEntryUpdate", Account),
    ("failedJobForget", Account),
    ("failedJobRetry", Account),
    ("failedJobRetryAll", Account),
    ("jobBatchCancel", Account),
    ("messageDelete", Messaging),
    ("messageEdit", Messaging),
    ("messageSend", Messaging),
    ("mintBatchCancel", Account),
    ("mintBatchRequest", Account),
    ("mintCancel", Account),
    ("mintRequest", Account),
    ("nftCollectionCreate", Account),
    ("nftCollectionUpdate", Account),
    ("participantAdd", Messaging),
    ("participantRemove", Messaging),
    ("participantSetRole", Messaging),
    ("passwordReset", Account),
    ("passwordResetRequest", Account),
    ("profileUpdate", Account),
    ("reactionAdd", Messaging),
    ("reactionRemove", Messaging),
    ("referralCodeCreate", Account),
    ("referralCodeDisable", Account),
    ("roomBanCreate", Messaging),
    ("roomBanDelete", Messaging),
    ("sessionCreate", Account),
    ("sessionCreateGuest", Account),
    ("sessionCreateWithWallet", Account),
    ("sessionRefresh", Account),
    ("sessionRevoke", Account),
    ("sessionRevokeOthers", Account),
    ("threadArchive", Messaging),
    ("threadCreate", Messaging),
    ("threadInvitationAccept", Messaging),
    ("threadInvitationCreate", Messaging),
    ("threadInvitationRevoke", Messaging),
    ("threadJoin", Messaging),
    ("threadLeave", Messaging),
    ("threadMarkDelivered", Messaging),
    ("threadMarkRead", Messaging),
    ("threadMute", Messaging),
    ("threadUnmute", Messaging),
    ("threadUpdate", Messaging),
    ("typingSignal", Messaging),
    ("userBlock", Account),
    ("userSuspend", Account),
    ("userUnblock", Account),
    ("userUnsuspend", Account),
    ("walletChallengeCreate", Account),
    ("walletConnect", Account),
    ("walletRemove", Account),
    ("walletUpdate", Account),
];

/// Whether what speaks for the viewer may make all the changes of an operation.
pub(crate) fn permit(viewer: &Viewer, operation: &Operation) -> domain::Result<()> {
    if operation.kind != Kind::Mutation {
        return Ok(());
    }
    operation.root_fields.iter().try_for_each(|mutation| viewer.permit(of(mutation)))
}

fn of(mutation: &str) -> Right {
    RIGHTS.iter().find(|(known, _)| *known == mutation).map_or(Account, |(_, right)| *right)
}

#[cfg(test)]
mod tests {
    use apollo_compiler::Schema;

    use super::*;

    #[test]
    fn every_mutation_says_what_it_changes() {
        let schema = Schema::parse_and_validate(super::super::sdl(), "schema.graphql").expect("a valid schema");
        let fields = &schema.get_object("Mutation").expect("there are mutations").fields;
        let stated: Vec<_> = RIGHTS.iter().map(|(name, _)| *name).collect();
        let missing: Vec<_> = fields.keys().filter(|name| !stated.contains(&name.as_str())).collect();
        let stale: Vec<_> = stated.iter().filter(|name| !fields.contains_key(**name)).collect();
        assert!(missing.is_empty() && stale.is_empty(), "without a line: {missing:?}, without a mutation: {stale:?}");
        assert!(stated.is_sorted(), "in the order of the alphabet");
        assert_eq!(of("somethingNew"), Account);
    }
}
