//! Connections, as the Relay specification has them (<https://relay.dev/graphql/connections.htm>), with `nodes` beside
//! `edges` as GitHub's API does.

use async_graphql::SimpleObject;

use super::scalar::Cursor;

/// Where a page lies in its list.
#[derive(SimpleObject, Debug, Clone)]
pub(crate) struct PageInfo {
    /// Whether the list goes on after this page; exact.
    pub(crate) has_next_page: bool,
    /// Whether the list begins before this page; exact.
    pub(crate) has_previous_page: bool,
    /// The cursor of the first edge; null on an empty page.
    pub(crate) start_cursor: Option<Cursor>,
    /// The cursor of the last edge; null on an empty page.
    pub(crate) end_cursor: Option<Cursor>,
}

/// Defines a connection and its edge for a node type; with more than a page, also what further fields are told from.
macro_rules! connection {
    ($connection:ident, $edge:ident, $node:ty, $of:literal $(, #[$attribute:meta] $more:ident: $more_type:ty)?) => {
        #[expect(dead_code, reason = "the derived methods are for the executor")]
        mod list {
            use super::*;

            #[doc = concat!("An item in a list of ", $of, ".")]
            #[derive(async_graphql::SimpleObject, Clone)]
            pub(crate) struct $edge {
                /// Its place in the list.
                pub(crate) cursor: $crate::graphql::scalar::Cursor,
                /// The item.
                pub(crate) node: $node,
            }

            #[doc = concat!("A page of a list of ", $of, ".")]
            #[derive(async_graphql::SimpleObject, Clone)]
            $(#[$attribute])?
            pub(crate) struct $connection {
                /// The items with their places.
                pub(crate) edges: Vec<$edge>,
                /// The items alone.
                pub(crate) nodes: Vec<$node>,
                /// Where this page lies in the list.
                pub(crate) page_info: $crate::graphql::page::PageInfo,
                $(
                    #[graphql(skip)]
                    pub(crate) $more: $more_type,
                )?
            }

            impl $connection {
                /// A page of items with their cursors.
                pub(crate) fn of(
                    page: domain::page::Page<($crate::graphql::scalar::Cursor, $node)>,
                    $($more: $more_type,)?
                ) -> Self {
                    let page_info = $crate::graphql::page::PageInfo {
                        has_next_page: page.has_next,
                        has_previous_page: page.has_previous,
                        start_cursor: page.items.first().map(|(cursor, _)| cursor.clone()),
                        end_cursor: page.items.last().map(|(cursor, _)| cursor.clone()),
                    };
                    let nodes = page.items.iter().map(|(_, node)| node.clone()).collect();
                    let edges = page.items.into_iter().map(|(cursor, node)| $edge { cursor, node }).collect();
                    Self { edges, nodes, page_info, $($more,)? }
                }
            }
        }

        pub(crate) use self::list::$connection;
    };
}

pub(crate) use connection;
