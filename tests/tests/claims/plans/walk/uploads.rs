//! Files: put here, sent, fetched, and taken away.

use serde_json::json;
use tests::eventually;
use tests::upload::png;

use super::Walk;

impl Walk<'_> {
    pub(super) async fn uploads(&mut self) {
        let (server, reader) = (self.server, self.reader);
        let room = reader.create_room("A room with pictures").await;
        server.record_statements().await;
        let uploads = [
            reader.upload(server, "a.png", "image/png", &png()).await,
            reader.upload(server, "b.png", "image/png", &png()).await,
            reader.upload(server, "c.png", "image/png", &png()).await,
        ];
        let keyed = json!({ "name": "d.png", "type": "image/png", "size": 3, "clientKey": "a key" });
        for _ in 0..2 {
            reader.try_begin_upload(keyed.clone()).await.ok("/attachmentUploadCreate/upload");
        }
        let sent = reader.send_files(&room, &[&uploads[0], &uploads[1]]).await;
        let attachments = reader.attachments(&sent.id).await;
        for field in ["url", "thumbnailUrl"] {
            assert_eq!(server.fetch(&attachments[0][field], &[]).await.status(), 200);
        }
        reader.delete(&sent).await;
        let left = async || (server.kept().len() == 2).then_some(());
        eventually("what the message carried to be taken away", left).await;
        self.keep("uploads").await;
    }
}
